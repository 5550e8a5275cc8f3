import {
  type ConfigurationFallback,
  type ConfigurationFault,
  didYouMean,
} from '@linux-patch/runtime/configuration';

/** Environment variables by name; see `AgentConfigSchema` for the ones that count. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'LINUX_PATCH_';
const SOURCE = 'environment';

type Target = Pick<ConfigurationFallback, 'path' | 'overBlank'>;

const KEYS: Readonly<Record<string, Target>> = {
  // The older agent takes `manager_url: ""` for no manager.
  LINUX_PATCH_MANAGER_URL: { path: ['enrollment', 'manager_url'], overBlank: true },
  LINUX_PATCH_LOG_LEVEL: { path: ['logging', 'level'] },
};

/** What the environment gives to the configuration. An empty variable counts as not set. */
export function readEnvironment(environment: Environment): {
  readonly fallbacks: ConfigurationFallback[];
  readonly faults: ConfigurationFault[];
} {
  const names = Object.keys(environment).filter((name) => name.startsWith(PREFIX));
  return {
    fallbacks: names.flatMap((name) => {
      const [target, value] = [KEYS[name], environment[name]];
      return target && value ? [{ ...target, value, source: { file: SOURCE, name } }] : [];
    }),
    faults: names
      .filter((name) => KEYS[name] === undefined)
      .map((name) => ({
        file: SOURCE,
        line: 0,
        column: 0,
        path: name,
        message: `unknown variable${didYouMean(name, Object.keys(KEYS))}`,
      })),
  };
}
