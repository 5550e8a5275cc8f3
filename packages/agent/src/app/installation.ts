import { createSignatureGate, openChallenges, sayChallengeFaults } from '@linux-patch/worker';
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
  const { host, settings, time, report } = context;
  const { files, root } = host;
  const { paths } = settings;
  const { random } = time;
  const folder = paths.challengesFolder;
  const { logger } = report;
  const instanceId = await openInstanceId({ path: paths.instanceFile, files, random, logger, root });
  const pin = pinnedJobKeyOf(context);
  await pin.secure();
  return {
    instanceId,
    jobKey: () => pin.read(),
    gate: createSignatureGate({
      pin: () => pin.pin(),
      challenges: sayChallengeFaults(openChallenges({ folder, files, random, boot: () => readBoot(files) }), {
        folder,
        logger,
      }),
      own: () => ({ names: identity ? certifiedNames(identity) : [], instanceId }),
    }),
  };
}

function certifiedNames({ current }: IdentityService): string[] {
  const { leaf } = current.value;
  return leaf ? [...leaf.dnsNames, ...leaf.ipAddresses].map((name) => name.toLowerCase()) : [];
}
