import { messageOf, type Person } from '@linux-patch/contract';
import { managerUrlOf } from '../../config/manager-url.ts';
import type { ManagerConfig } from '../../config/schema.ts';
import { readSecretFile } from '../../config/secret-file.ts';
import { ProviderTrouble } from '../../oidc/faults.ts';
import { createProvider } from '../../oidc/provider.ts';
import type { Finding } from '../finding.ts';
import type { ManagerPlace } from './place.ts';

/** Where the server's own user may not read what root may. */
async function ownerFault({ files, paths }: ManagerPlace, path: string): Promise<string | undefined> {
  const owner = await files.factsBehind(paths.dataFolder);
  const facts = await files.factsBehind(path);
  const isOthers = owner && facts && owner.uid !== 0 && facts.uid !== owner.uid;
  if (!isOthers || path.startsWith('/run/credentials/')) return undefined;
  return `${path} belongs to user ${facts.uid}, and the manager runs as user ${owner.uid}: it cannot read it`;
}

/** Whether people could sign in with the identity provider now, seen from this machine. */
export async function checkIdentityProvider(at: ManagerPlace, config: ManagerConfig): Promise<Finding[]> {
  const { oidc: settings } = config;
  if (!settings) return [];
  const path = settings.client_secret_file;
  const unusable = (detail: string): Finding => ({
    code: 'IDENTITY_PROVIDER_UNUSABLE',
    detail: `${detail}.`,
    words: { path },
  });
  const findings: Finding[] = [];
  try {
    await readSecretFile(at.files, path, 'The secret of oidc.client_secret_file');
    const fault = await ownerFault(at, path);
    if (fault !== undefined) findings.push(unusable(fault));
  } catch (error) {
    findings.push(unusable(messageOf(error).replace(/\.$/, '')));
  }
  try {
    const { origin } = new URL(managerUrlOf(config));
    await createProvider({ ...at, settings, origin }).discover();
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error;
    findings.push(unusable(error.why));
  }
  return findings;
}

/** Whether who signs in with the identity provider can, and who would be left without it. */
export function judgeWays(people: readonly Person[], { oidc }: ManagerConfig): Finding[] {
  const active = people.filter(({ state }) => state === 'active');
  const stranded = active.filter((one) => one.oidc && one.oidc.issuer !== oidc?.issuer);
  const admins = active.filter(({ role }) => role === 'admin');
  const hasLocal = admins.some((one) => one.oidc === null);
  return [
    ...(stranded.length > 0
      ? [
          {
            code: 'PEOPLE_OF_ANOTHER_PROVIDER' as const,
            detail: `${stranded
              .slice(0, 5)
              .map(({ name }) => name)
              .join(', ')}${stranded.length > 5 ? ` and ${stranded.length - 5} more` : ''}.`,
          },
        ]
      : []),
    ...(admins.length > 0 && !hasLocal
      ? [
          {
            code: 'NO_LOCAL_ADMINISTRATOR' as const,
            detail: `${admins.length} ${admins.length === 1 ? 'administrator signs' : 'administrators sign'} in with the identity provider, and none with a password.`,
          },
        ]
      : []),
  ];
}
