import { messageOf } from '@linux-patch/contract';
import { type Clock, type Files, followFile, type Logger } from '@linux-patch/runtime';
import type { Settings } from './load.ts';
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
  /** What is in force when watching begins. */
  readonly settings: Pick<Settings, 'config' | 'configFile' | 'load'>;
  readonly onChange: (config: AgentConfig, changed: readonly ConfigSection[]) => void | Promise<void>;
  /** A file that cannot be taken, told once for each fault; what was in force stays. */
  readonly onFault: (fault: string) => void;
  /** The file is right again after a fault; called before `onChange`. */
  readonly onRestored?: () => void;
  readonly logger: Logger;
}

/** Sections that differ. */
function changedSections(before: AgentConfig, after: AgentConfig): ConfigSection[] {
  return (Object.keys(after) as ConfigSection[]).filter(
    (section) => JSON.stringify(before[section]) !== JSON.stringify(after[section]),
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
  /** Why the file as it is now is not in force; said once. */
  #fault: string | undefined;
  #closed = false;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    const { files, clock, settings, logger } = options;
    this.#current = settings.config;
    const { configFile: path } = settings;
    this.#follower = followFile({ files, clock, path, logger, changed: () => void this.reload() });
  }

  reload(): Promise<void> {
    const { logger, settings } = this.#options;
    const path = settings.configFile;
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
    const { onChange, onRestored, logger, settings } = this.#options;
    const path = settings.configFile;
    const next = await this.#load();
    if (!next || this.#closed) return;
    const changed = changedSections(this.#current, next);
    this.#current = next;
    if (this.#fault !== undefined) onRestored?.();
    this.#fault = undefined;
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
    const { settings, onFault, logger } = this.#options;
    const { configFile: path } = settings;
    try {
      return await settings.load();
    } catch (error) {
      const fault = messageOf(error);
      if (fault !== this.#fault) {
        const faults = fault.split('\n');
        logger.error('the changed configuration is not taken; the one in force stays', { path, faults });
        onFault(fault);
      }
      this.#fault = fault;
      return undefined;
    }
  }
}
