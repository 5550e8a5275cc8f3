import { INSTANCE_HEADER, JobHeaders, type Route } from '@linux-patch/contract';
import type { Random } from '@linux-patch/runtime';

/** How a change is known again. */
export interface ChangeName {
  /** Names it, so that a repetition is the same job; drawn where nobody named it. */
  readonly idempotencyKey?: string | undefined;
  /** The instance of the agent that is meant; unknown of agents that keep no names. */
  readonly instanceId?: string | undefined;
}

/** What a call of this route carries: nothing where it begins no job. */
export function changeHeaders(
  route: Pick<Route, 'headers'>,
  { idempotencyKey, instanceId }: ChangeName,
  random: Pick<Random, 'uuid'>,
): Readonly<Record<string, string>> {
  if (!route.headers || !Object.keys(JobHeaders.shape).every((name) => route.headers?.shape[name])) return {};
  return {
    'Idempotency-Key': idempotencyKey ?? random.uuid(),
    ...(instanceId === undefined ? {} : { [INSTANCE_HEADER]: instanceId }),
  };
}
