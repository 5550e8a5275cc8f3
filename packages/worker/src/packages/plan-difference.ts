import { PLAN_DIFFERENCE_LIMIT, type PlanDifference, type PlanStep } from '@linux-patch/contract';
import { hashOfSteps } from './steps.ts';

function keyOf({ name, architecture }: PlanStep): string {
  return `${name}:${architecture}`;
}

/** Whether two steps do the same to a package. */
function isSame(a: PlanStep, b: PlanStep): boolean {
  return hashOfSteps([a]) === hashOfSteps([b]);
}

/**
 * How the plan of now differs from the one that was approved.
 * @param before undefined when nobody remembers it: then everything is new.
 */
export function differenceOf(
  before: readonly PlanStep[] | undefined,
  now: readonly PlanStep[],
): PlanDifference {
  const old = new Map(before?.map((one) => [keyOf(one), one]));
  const current = new Map(now.map((one) => [keyOf(one), one]));
  const added = now.filter((one) => !old.has(keyOf(one)));
  const removed = [...old.values()].filter((one) => !current.has(keyOf(one)));
  const changed = now.flatMap((one) => {
    const was = old.get(keyOf(one));
    return was && !isSame(was, one) ? [{ before: was, now: one }] : [];
  });
  const most = <T>(list: readonly T[]): T[] => list.slice(0, PLAN_DIFFERENCE_LIMIT);
  const more = [added, removed, changed].reduce(
    (sum, list) => sum + Math.max(0, list.length - PLAN_DIFFERENCE_LIMIT),
    0,
  );
  return {
    plan_hash: hashOfSteps(now),
    known: before !== undefined,
    added: most(added),
    removed: most(removed),
    changed: most(changed),
    more,
  };
}

/** Steps of each kind that a sentence names. */
const NAMED_LIMIT = 5;

/** One step, for people. */
function describeStep({ action, name, from, to }: PlanStep): string {
  const versions = [from, to].filter((one) => one !== null).join(' to ');
  return `${action} ${name}${versions === '' ? '' : ` ${versions}`}`;
}

/** For people: what there is now that was not planned, and the other way round. */
export function describeDifference({ known, added, removed, changed }: PlanDifference): string {
  if (!known) {
    const now = added.length === 0 ? 'nothing' : enumerate(added.map(describeStep));
    return `that plan is not remembered here, and the plan of now is: ${now}`;
  }
  const parts = [
    ['new', added.map(describeStep)],
    ['gone', removed.map(describeStep)],
    ['other', changed.map((one) => `${describeStep(one.now)} (was: ${describeStep(one.before)})`)],
  ] as const;
  return parts
    .filter(([, list]) => list.length > 0)
    .map(([word, list]) => `${word}: ${enumerate(list)}`)
    .join('; ');
}

function enumerate(list: readonly string[]): string {
  const more = list.length > NAMED_LIMIT ? ` and ${list.length - NAMED_LIMIT} more` : '';
  return `${list.slice(0, NAMED_LIMIT).join(', ')}${more}`;
}
