import { messageOf } from '@linux-patch/contract';
import { type Clock, type Files, type FollowedFiles, followFiles, type Logger } from '@linux-patch/runtime';
import type { Settings } from './load.ts';
import type { AgentConfig } from './schema.ts';

/** Top-level part of the configuration. */
type ConfigSection = keyof AgentConfig;

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
export function watchAgentConfig(options: ConfigWatchOptions): FollowedFiles {
  const { files, clock, settings, onChange, onFault, onRestored, logger } = options;
  const { configFile: path } = settings;
  let current = settings.config;
  /** Why the file as it is now is not in force; said once. */
  let fault: string | undefined;

  async function load(): Promise<AgentConfig | undefined> {
    try {
      return await settings.load();
    } catch (error) {
      const found = messageOf(error);
      if (found !== fault) {
        const faults = found.split('\n');
        logger.error('the changed configuration is not taken; the one in force stays', { path, faults });
        onFault(found);
      }
      fault = found;
      return undefined;
    }
  }

  async function look(closing: AbortSignal): Promise<void> {
    const next = await load();
    if (!next || closing.aborted) return;
    const sections = changedSections(current, next);
    current = next;
    if (fault !== undefined) onRestored?.();
    fault = undefined;
    if (sections.length === 0) return;
    logger.info('configuration changed', { path, sections });
    try {
      await onChange(next, sections);
    } catch (error) {
      logger.error('the changed configuration could not be put into force completely; restart the agent', {
        path,
        sections,
        error,
      });
    }
  }

  const failed = (error: unknown) => logger.error('the configuration could not be followed', { path, error });
  return followFiles({ files, clock, logger, paths: [path], look, failed });
}
