import { messageOf } from '@linux-patch/contract';
import { ownUid } from '@linux-patch/runtime';
import { sortFound } from '@linux-patch/runtime/findings';
import type { ApiClient } from '../cli/api-client.ts';
import type { ManagerConfig } from '../config/schema.ts';
import { checkAuthority } from './checks/authority.ts';
import { checkBackup, checkConfigFiles, checkDataFolder } from './checks/files.ts';
import { checkIdentityProvider } from './checks/identity-provider.ts';
import type { ManagerPlace } from './checks/place.ts';
import { checkRunning, checkService } from './checks/running.ts';
import type { Finding } from './finding.ts';
import { MANAGER_CHECKS } from './table.ts';

export interface Examination extends ManagerPlace {
  readonly configFile: string;
  readonly loadConfig: () => Promise<ManagerConfig>;
  readonly api: ApiClient;
}

/** One check that fails by itself hides nothing of what the others find. */
async function attempt(name: string, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    return [{ code: 'CHECK_FAILED', detail: `${name}: ${messageOf(error)}` }];
  }
}

async function loaded(examination: Examination): Promise<ManagerConfig | Finding> {
  try {
    return await examination.loadConfig();
  } catch (error) {
    return { code: 'CONFIG_REFUSED', detail: messageOf(error) };
  }
}

/** Who may not open the data folder sees nothing of what counts. */
async function stranger({ files, paths }: ManagerPlace): Promise<Finding | undefined> {
  const uid = await ownUid(files);
  const owner = await files.factsBehind(paths.dataFolder).catch(() => undefined);
  if (uid === 0 || uid === owner?.uid) return undefined;
  return { code: 'NOT_ROOT', detail: `It runs as user ${uid}.` };
}

/** Looks at everything and changes nothing; worst findings first. */
export async function examineManager(examination: Examination): Promise<Finding[]> {
  const not = await stranger(examination);
  if (not) return [not];
  const config = await loaded(examination);
  const { configFile, api } = examination;
  const usable = 'code' in config ? undefined : config;
  const checks: [string, () => Promise<Finding[]>][] = [
    ['configuration', () => checkConfigFiles(examination, configFile, usable)],
    ...(usable
      ? ([
          ['files', () => checkDataFolder(examination, usable)],
          ['authority', () => checkAuthority(examination, usable)],
          ['backup', () => checkBackup(examination, usable)],
          ['identity provider', () => checkIdentityProvider(examination, usable)],
          ['running', () => checkRunning(examination, usable, api)],
        ] as [string, () => Promise<Finding[]>][])
      : // Where everything lies is in the configuration, so nothing else can be judged but the service.
        ([['service', () => checkService(examination)]] as [string, () => Promise<Finding[]>][])),
  ];
  const found = await Promise.all(checks.map(([name, check]) => attempt(name, check)));
  return sortFound(MANAGER_CHECKS, [...('code' in config ? [config] : []), ...found.flat()]);
}
