import type { RotationPhase, RotationStep } from '@linux-patch/contract';
import type { Cas } from '../rotation/steps.ts';
import type { Confirmation } from './confirmations.ts';
import { count } from './count.ts';

/** A step of the replacement of the root CA, and what is asked about it. */
export interface RotationWish {
  /** The one that was seen when it was wished. */
  readonly phase: RotationPhase;
  readonly step: RotationStep;
  readonly leave_behind: readonly string[];
  readonly compromised: boolean;
}

const UNTIL_THE_END = 'It can be rolled back until the last step.';

/** Names in a sentence, not more than fit in one. */
export function someOf(names: readonly string[], most = 20): string {
  const more = names.length - most;
  return names.slice(0, most).join(', ') + (more > 0 ? ` and ${more.toLocaleString('en')} more` : '');
}

function askRotation({ phase, step, compromised }: RotationWish, { oldCa, newCa }: Cas): Confirmation {
  if (step === 'start')
    return {
      title: `Begin to replace ${oldCa}?`,
      happens: [
        `Another CA is made, and every host is told to trust it beside ${oldCa}. It issues nothing yet; hosts go on serving, in this step and in each that follows.`,
      ],
      undo: UNTIL_THE_END,
      yes: `Begin to replace ${oldCa}`,
    };
  if (step === 'rollback')
    return {
      title: `Roll back to ${oldCa}?`,
      happens: [
        `The manager and the hosts get certificates of ${oldCa} again. Both CAs stay trusted until every host has followed and you end it.`,
      ],
      undo: 'It is ended by one more step; after that another replacement can be begun.',
      yes: `Roll back to ${oldCa}`,
    };
  if (step === 'continue')
    return phase === 'trust'
      ? {
          title: `Let the manager use ${newCa}?`,
          happens: [
            `The manager takes its own certificates from ${newCa}, for this page as well. Whoever knows it by ${oldCa} goes on knowing it: ${oldCa} vouches for ${newCa}.`,
          ],
          undo: UNTIL_THE_END,
          yes: `Let the manager use ${newCa}`,
        }
      : {
          title: `Give hosts certificates of ${newCa}?`,
          happens: [
            `Every host renews its certificate now, with ${newCa}, each within seconds and without dropping a connection.`,
          ],
          undo: UNTIL_THE_END,
          yes: `Give hosts certificates of ${newCa}`,
        };
  if (phase === 'rollback')
    return {
      title: `End the rollback and remove ${newCa}?`,
      happens: [`The keys of ${newCa} are destroyed. ${oldCa} alone issues, as before.`],
      undo: 'Another replacement can be begun at any time.',
      yes: `End the rollback and remove ${newCa}`,
    };
  return {
    title: `Remove ${oldCa}?`,
    happens: [
      `The keys of ${oldCa} are destroyed. ${newCa} alone issues from then on, and nothing can be rolled back any more.`,
      compromised
        ? `The fingerprint of ${oldCa} lets no host join any more: join lines and configuration files that have it need that of ${newCa}.`
        : `Hosts that have the fingerprint of ${oldCa} can still join, until its root ends.`,
      'Make a backup afterwards.',
    ],
    undo: null,
    yes: `Remove ${oldCa}`,
  };
}

/** Before a step of the replacement of the root CA. */
export function confirmRotation(wish: RotationWish, cas: Cas): Confirmation {
  const asked = askRotation(wish, cas);
  const left = wish.leave_behind;
  if (left.length === 0) return asked;
  const [are, come] =
    left.length === 1
      ? ['is', 'It comes back by itself once it is']
      : ['are', 'They come back by themselves once they are'];
  const back = `${come} up, or after one approval where a certificate has expired meanwhile.`;
  return {
    ...asked,
    happens: [...asked.happens, `${count(left.length, 'host')} ${are} left behind: ${someOf(left)}. ${back}`],
  };
}
