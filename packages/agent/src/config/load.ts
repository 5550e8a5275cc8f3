import { resolve } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import { type ConfigurationFallback, readConfiguration } from '@linux-patch/runtime/configuration';
import { chooseProxy, type ProxyChoice } from '../host/proxy.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { type AgentPaths, agentPaths } from './paths.ts';
import { AGENT_CONFIG_RULES } from './rules.ts';
import { type AgentConfig, AgentConfigSchema } from './schema.ts';

/** Default paths under `root`, for keys that the file leaves out. */
function pathDefaults(root: string): ConfigurationFallback[] {
  if (resolve(root) === '/') return [];
  const paths = agentPaths(root);
  const defaults: readonly (readonly [string, string, string])[] = [
    ['tls', 'ca_cert', paths.ca],
    ['tls', 'server_cert', paths.certificate],
    ['tls', 'server_key', paths.key],
    ['tls', 'crl_path', paths.crl],
    ['jobs', 'storage_path', paths.jobsFolder],
    ['logging', 'file_path', paths.auditLog],
    ['whitelist', 'path', paths.allowListFile],
  ];
  return defaults.map(([section, key, value]) => ({
    path: [section, key],
    value,
    source: { file: '--root', name: `${section}.${key}` },
  }));
}

function missingAdvice(path: string): string {
  return [
    'Every key has a default, so an empty file is enough, but the file must be there. To create it with the address of your manager:',
    `printf 'enrollment:\\n  manager_url: https://MANAGER:8443\\n' | install -D -m 640 /dev/stdin ${path}`,
  ].join(' ');
}

/**
 * Reads and checks `config.yaml`.
 * @param options.path The file, used as it is.
 * @param options.root Prefix of every path the file does not give.
 * @param options.environment Only names that start with `LINUX_PATCH_` are looked at.
 * @throws PatchError `CONFIG_INVALID` with all faults of file and environment, one line each.
 */
export async function loadAgentConfig(options: {
  readonly files: Files;
  readonly path: string;
  readonly root: string;
  readonly environment?: Environment;
}): Promise<AgentConfig> {
  const { files, path, root } = options;
  const environment = readEnvironment(options.environment ?? {});
  const { value, given } = await readConfiguration({
    files,
    path,
    schema: AgentConfigSchema,
    required: true,
    advice: missingAdvice(path),
    rules: AGENT_CONFIG_RULES,
    fallbacks: [...environment.fallbacks, ...pathDefaults(root)],
    faults: environment.faults,
  });
  const port = given('server.port') ? value.server.port : (value.tls.port ?? value.server.port);
  return Object.freeze({ ...value, server: Object.freeze({ ...value.server, port }) });
}

/** The configuration in force, where it comes from, and what follows from it. */
export interface Settings {
  readonly config: AgentConfig;
  readonly configFile: string;
  readonly paths: AgentPaths;
  /** Through which proxy a manager is asked. */
  readonly proxyFor: ProxyChoice;
  /** Reads the file again. @throws PatchError `CONFIG_INVALID` */
  readonly load: () => Promise<AgentConfig>;
}

/** Where the configuration of this host lies. */
export interface ConfigurationPlace {
  readonly files: Files;
  readonly root: string;
  /** The file, when it is not at its usual place. */
  readonly configFile: string | undefined;
  readonly environment: Environment;
}

/** @param known what was read a moment ago; the file is read without it. @throws PatchError `CONFIG_INVALID` */
export async function openSettings(place: ConfigurationPlace, known?: AgentConfig): Promise<Settings> {
  const { files, root, environment } = place;
  const paths = agentPaths(root);
  const { configFile = paths.configFile } = place;
  const load = () => loadAgentConfig({ files, path: configFile, root, environment });
  const config = known ?? (await load());
  const proxyFor = chooseProxy({ configured: config.enrollment.proxy, environment });
  return { config, configFile, paths, proxyFor, load };
}
