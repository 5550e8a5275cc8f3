/** Which records are shown; all of it is in the address. */
export interface AuditSearch {
  readonly actor?: string;
  readonly event?: string;
  readonly about?: string;
  /** A day, `2027-03-01`; the last one that is shown. */
  readonly day?: string;
  readonly before?: string;
}

const SHAPES: Readonly<Record<keyof AuditSearch, RegExp>> = {
  actor: /^.{1,128}$/u,
  event: /^\w{1,64}$/,
  about: /^.{1,128}$/u,
  day: /^\d{4}-\d\d-\d\d$/,
  before: /^[1-9]\d{0,8}$/,
};

/** What of an address is a search. */
export function auditSearchOf(given: Record<string, unknown>): AuditSearch {
  const fit = Object.entries(SHAPES).flatMap(([name, shape]) => {
    const value = given[name];
    return typeof value === 'string' && shape.test(value) ? [[name, value] as const] : [];
  });
  return Object.fromEntries(fit);
}

/** The end of a day where the viewer is; undefined when there is no such day. */
function endOf(day: string): string | undefined {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  const end = new Date(year, month - 1, date + 1);
  return Number.isNaN(end.getTime()) ? undefined : end.toISOString();
}

/** As the manager is asked. */
export function auditQueryOf({ day, before, ...search }: AuditSearch) {
  const until = day === undefined ? undefined : endOf(day);
  return {
    ...search,
    ...(until === undefined ? {} : { until }),
    ...(before === undefined ? {} : { before: Number(before) }),
  };
}
