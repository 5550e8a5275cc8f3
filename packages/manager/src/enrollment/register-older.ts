import { PatchError } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import { inTransaction } from '../database/transactions.ts';
import type { Claim } from './claim.ts';
import type { EnrollmentContext } from './context.ts';
import { createRequest } from './create-request.ts';
import { isLetIn } from './older-agents.ts';
import { tidy } from './tidy.ts';

/**
 * The older generation has no key and no proof, so only the first to ask has the token, and with it, after an approval,
 * the private key. Whoever asks the same again from the same address is told so. Whatever differs is another request
 * beside it, so that nobody changes what an administrator looks at.
 *
 * @returns the polling token
 * @throws PatchError `FORBIDDEN`, `ENROLLMENT_CONFLICT`, `RATE_LIMIT_EXCEEDED`
 */
export async function registerOlder(context: EnrollmentContext, claim: Claim): Promise<string> {
  return inTransaction(context.db, async (db) => {
    await tidy(context, db);
    if (!(await isLetIn(context, db, claim))) {
      throw new PatchError(
        'FORBIDDEN',
        'This manager takes only agents that make their own key. Update the agent of this host; ' +
          'or, for a time, set enrollment.allow_legacy_agents to true in the configuration of the manager.',
      );
    }
    if (await isWaiting(db, claim)) {
      throw new PatchError(
        'ENROLLMENT_CONFLICT',
        'A request of this machine from this address is waiting already, and only its sender has the token. ' +
          'If the agent was started anew and has lost it, deny that request ("linux-patch-manager enrollments deny") and the agent can ask again.',
      );
    }
    return (await createRequest(context, db, { claim })).token;
  });
}

async function isWaiting(db: Database, claim: Claim): Promise<boolean> {
  const known = await db
    .selectFrom('enrollments')
    .select('id')
    .where('machine_id', '=', claim.machine_id)
    .where('state', '=', 'pending')
    .where('extension', 'is', null)
    .where('observed_address', '=', claim.observed_address)
    .where('fqdn', '=', claim.fqdn)
    .where('ip_address', '=', claim.ip_address)
    .executeTakeFirst();
  return known !== undefined;
}
