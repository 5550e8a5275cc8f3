import type { UpdateAge } from '@linux-patch/contract';

/** How long something has waited, in words, the youngest first. */
export const AGES: Readonly<Record<UpdateAge, string>> = {
  day: 'less than a day',
  week: '1 to 7 days',
  month: '7 to 30 days',
  quarter: '30 to 90 days',
  older: '90 days or more',
};

export function isAge(said: unknown): said is UpdateAge {
  return typeof said === 'string' && Object.hasOwn(AGES, said);
}
