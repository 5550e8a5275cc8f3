import { messageOf, type RunningConfiguration, type RunningSetting } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { describeSchema, readConfiguration } from '@linux-patch/runtime/configuration';
import { type ManagerConfig, ManagerConfigSchema } from './schema.ts';

/** What was written, where reading made something else of it. */
function writtenOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'shown' in value ? value.shown : value;
}

function valueAt(config: ManagerConfig, key: string): string | null {
  let value: unknown = config;
  for (const part of key.split('.')) value = (value as Readonly<Record<string, unknown>> | undefined)?.[part];
  return value === undefined ? null : JSON.stringify(writtenOf(value));
}

type Checked = Awaited<ReturnType<typeof readConfiguration<typeof ManagerConfigSchema>>>;

/** The file as it is now, or why it cannot be read. */
async function readNow(files: Files, path: string): Promise<Checked | string> {
  try {
    return await readConfiguration({ files, path, schema: ManagerConfigSchema, required: false });
  } catch (error) {
    return messageOf(error);
  }
}

/** The configuration that the manager runs with beside its file, which may have been changed since. */
export async function readRunning(
  files: Files,
  { config, file }: { readonly config: ManagerConfig; readonly file: string },
): Promise<RunningConfiguration> {
  const now = await readNow(files, file);
  const checked = typeof now === 'string' ? undefined : now;
  const settings = describeSchema(ManagerConfigSchema).map(
    ({ key, description, ...known }): RunningSetting => {
      const value = valueAt(config, key);
      const then = checked ? valueAt(checked.value, key) : value;
      return {
        key,
        value,
        default: known.default === undefined ? null : JSON.stringify(known.default),
        meaning: description,
        line: checked?.given(key) ? (checked.lineOf(key) ?? null) : null,
        after_restart: then === value ? null : (then ?? 'null'),
      };
    },
  );
  return { file, file_fault: typeof now === 'string' ? now : null, settings };
}
