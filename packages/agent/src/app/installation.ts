import { messageOf } from '@linux-patch/contract';
import type { Installation } from '../health/report.ts';
import type { IdentityService } from '../identity/service.ts';
import type { InstanceId } from '../worker-link/instance.ts';
import type { AgentContext } from './agent-context.ts';
import { pinnedJobKeyOf } from './compose-enrollment.ts';

/** This installation of the agent, and what it is called. */
export interface OwnInstallation extends Installation {
  /** Names and addresses for which its manager certified it. */
  readonly names: () => readonly string[];
}

/** @param identity undefined on a host without TLS, which only its own root can reach */
export async function openInstallation(
  context: Pick<AgentContext, 'host' | 'settings' | 'time' | 'report'>,
  identity: IdentityService | undefined,
  instance: Pick<InstanceId, 'current'>,
): Promise<OwnInstallation> {
  const pin = pinnedJobKeyOf(context);
  await pin.read().catch((error: unknown) => context.report.logger.error(messageOf(error), {}));
  return {
    instanceId: () => instance.current(),
    jobKey: () => pin.read(),
    names: () => (identity ? certifiedNames(identity) : []),
  };
}

function certifiedNames({ current }: IdentityService): string[] {
  const { leaf } = current.value;
  return leaf ? [...leaf.dnsNames, ...leaf.ipAddresses] : [];
}
