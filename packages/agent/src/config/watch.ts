import { messageOf } from '@linux-patch/contract';
import { type Clock, type Files, followFile, type Logger } from '@linux-patch/runtime';
import type { AgentConfig } from './schema.ts';

/** Top-level part of the configuration. */
type ConfigSection = keyof AgentConfig;

export interface ConfigWatch extends AsyncDisposable {
  /** Reads the file now, as on SIGHUP. Resolves when the change was delivered or the fault reported; never rejects. */
  reload(): Promise<void>;
}

export interface ConfigWatchOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly path: string;
  /** The configuration in force when watching begins. */
  readonly current: AgentConfig;
  readonly load: () => Promise<AgentConfig>;
  readonly onChange: (config: AgentConfig, changed: readonly ConfigSection[]) => void | Promise<void>;
  /** A file that cannot be taken; what was in force stays. */
  readonly onFault: (error: unknown) => void;
  /** The file is right again after a fault; called before `onChange`. */
  readonly onRestored?: () => void;
  readonly logger: Logger;
}

/** The agent writes the polling token itself; that is no change of configuration. */
function comparable(config: AgentConfig): Readonly<Record<ConfigSection, unknown>> {
  return { ...config, enrollment: { ...config.enrollment, polling_token: undefined } };
}

/** Sections that differ. */
function changedSections(before: AgentConfig, after: AgentConfig): ConfigSection[] {
  const [left, right] = [comparable(before), comparable(after)];
  return (Object.keys(right) as ConfigSection[]).filter(
    (section) => JSON.stringify(left[section]) !== JSON.stringify(right[section]),
  );
}

/** Follows `config.yaml`: a good file that differs is delivered, a bad one changes nothing and is reported. */
export function watchAgentConfig(options: ConfigWatchOptions): ConfigWatch {
  return new FileConfigWatch(options);
}

class FileConfigWatch implements ConfigWatch {
  readonly #options: ConfigWatchOptions;
  readonly #follower: AsyncDisposable;
  #current: AgentConfig;
  #work: Promise<void> = Promise.resolve();
  #faulty = false;
  #closed = false;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    this.#current = options.current;
    this.#follower = followFile({ ...options, changed: () => void this.reload() });
  }

  reload(): Promise<void> {
    const { logger, path } = this.#options;
    this.#work = this.#work
      .then(() => this.#reload())
      .catch((error: unknown) => logger.error('the configuration could not be followed', { path, error }));
    return this.#work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#follower[Symbol.asyncDispose]();
  }

  async #reload(): Promise<void> {
    if (this.#closed) return;
    const { onChange, onRestored, logger, path } = this.#options;
    const next = await this.#load();
    if (!next || this.#closed) return;
    const changed = changedSections(this.#current, next);
    this.#current = next;
    if (this.#faulty) onRestored?.();
    this.#faulty = false;
    if (changed.length === 0) return;
    logger.info('configuration changed', { path, sections: changed });
    try {
      await onChange(next, changed);
    } catch (error) {
      logger.error('the changed configuration could not be put into force completely; restart the agent', {
        path,
        sections: changed,
        error,
      });
    }
  }

  async #load(): Promise<AgentConfig | undefined> {
    const { load, onFault, logger, path } = this.#options;
    try {
      return await load();
    } catch (error) {
      this.#faulty = true;
      logger.error('the changed configuration is not taken; the one in force stays', {
        path,
        faults: messageOf(error).split('\n'),
      });
      onFault(error);
      return undefined;
    }
  }
}
