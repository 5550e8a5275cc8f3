import { readConfiguration } from '@linux-patch/runtime/configuration';
import { managerPaths } from '../config/paths.ts';
import { type ManagerConfig, ManagerConfigSchema } from '../config/schema.ts';
import { createApiClient } from './api-client.ts';
import type { CliDoors, CommandContext } from './command-context.ts';
import type { GlobalOptions } from './command-line.ts';
import { localConnection } from './local-connection.ts';
import { remoteOf } from './remote-connection.ts';

/** The configuration of the manager of this machine; of one elsewhere only the defaults are known. */
async function configOf(options: GlobalOptions, path: string, { files }: CliDoors): Promise<ManagerConfig> {
  if (options.manager !== undefined) return ManagerConfigSchema.parse({});
  const required = options.config !== undefined;
  return (await readConfiguration({ files, path, schema: ManagerConfigSchema, required })).value;
}

/** @throws PatchError `CONFIG_INVALID` */
export async function openContext(options: GlobalOptions, doors: CliDoors): Promise<CommandContext> {
  const { files, startedFor } = doors;
  const paths = managerPaths(options.root);
  const configFile = options.config ?? paths.configFile;
  const config = await configOf(options, configFile, doors);
  const connection = (await remoteOf(options, files)) ?? localConnection({ files, paths, startedFor });
  return {
    ...doors,
    root: options.root,
    configFile,
    paths,
    config,
    api: createApiClient(connection),
    json: options.json ?? false,
    // Asked for when something is shown: an answer is never from later than that.
    get nowMs() {
      return doors.clock.now();
    },
  };
}
