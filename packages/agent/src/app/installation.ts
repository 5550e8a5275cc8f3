import { parseCertificates } from '@linux-patch/pki';
import { type Challenges, createSignatureGate, openChallenges } from '@linux-patch/worker';
import { readBoot } from '../host/boot.ts';
import { openInstanceId } from '../host/instance-id.ts';
import type { ServedInstallation } from '../http/app.ts';
import type { IdentityService } from '../identity/service.ts';
import type { AgentContext } from './agent-context.ts';
import { pinnedJobKeyOf } from './compose-enrollment.ts';

/**
 * This installation of the agent, and what says whose changes it does.
 * @param identity undefined on a host without TLS, which only its own root can reach
 */
export async function openInstallation(
  context: AgentContext,
  identity: IdentityService | undefined,
): Promise<ServedInstallation> {
  const instanceId = await openInstanceId({ ...context, path: context.paths.instanceFile });
  const pin = pinnedJobKeyOf(context);
  return {
    instanceId,
    jobKey: () => pin.read().catch(() => undefined),
    gate: createSignatureGate({
      pin: () => pin.read(),
      challenges: challengesOf(context),
      own: () => ({ names: identity ? certifiedNames(identity) : [], instanceId }),
    }),
  };
}

function challengesOf({ files, random, paths }: AgentContext): Challenges {
  return openChallenges({ folder: paths.challengesFolder, files, random, boot: () => readBoot(files) });
}

function certifiedNames({ current }: IdentityService): string[] {
  const [own] = parseCertificates(current.value.material.certificatePem);
  return own ? [...own.dnsNames, ...own.ipAddresses].map((name) => name.toLowerCase()) : [];
}
