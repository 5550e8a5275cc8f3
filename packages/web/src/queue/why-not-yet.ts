import type { Enrollment } from '@linux-patch/contract';

/** Characters of a code; groups are told apart by dashes. */
const CODE_CHARACTERS = /[\dA-Za-z]/g;

/** Why a request cannot be let in as it stands; undefined when it can. */
export function whyNotYet(
  { modes, generation }: Pick<Enrollment, 'modes' | 'generation'>,
  code: string,
): string | undefined {
  const typed = code.match(CODE_CHARACTERS)?.length ?? 0;
  if (typed > 0 || generation === 'older' || modes.includes('click')) return undefined;
  return 'Type the code that the host shows: this host believes nothing else.';
}
