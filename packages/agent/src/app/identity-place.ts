import type { IdentityStatus } from '@linux-patch/pki';
import { inspectIdentity } from '../identity/inspect.ts';
import type { IdentityPlace } from '../identity/store/read.ts';
import type { AgentContext } from './agent-context.ts';

type Context = Pick<AgentContext, 'files' | 'certificates' | 'clock' | 'config'>;

/** Where the identity of this host lies, and by what it is judged. */
export function identityPlaceOf({ files, certificates: paths, clock, config }: Context): IdentityPlace {
  return { files, paths, clock, thresholdDays: config.enrollment.cert_renewal_threshold_days };
}

/** The status of the identity on disk, now. */
export async function identityStatus(context: Context): Promise<IdentityStatus> {
  const place = identityPlaceOf(context);
  return (await inspectIdentity({ ...place, now: place.clock.now() })).status;
}
