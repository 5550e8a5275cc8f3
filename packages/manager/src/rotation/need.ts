import type { Authority } from '../authority/authority.ts';
import { issuerFor, livingCas, managerClientOf } from '../authority/trust.ts';
import { type Need, stageOf } from './progress.ts';

/** What every host is to say in the present phase; undefined while the root was never replaced, for there is nothing to follow. */
export function needOf({ store }: Pick<Authority, 'store'>): Need | undefined {
  const { phase, since } = store.state;
  if (since === null) return undefined;
  const { issuer_spki, issuer_spkis = [] } = managerClientOf(store);
  const either = phase === 'trust' || phase === 'manager';
  return {
    stage: stageOf(store.state),
    roots: livingCas(store).map((ca) => ca.fingerprint),
    accepts: [issuer_spki, ...issuer_spkis],
    issuer: either ? undefined : issuerFor(store, 'hosts').issuingFacts.spkiSha256,
  };
}
