import type { PlanStep } from '@linux-patch/contract';
import type { HostPlan } from '@linux-patch/worker';

/** Plans that somebody may still approve. */
const MOST_PLANS = 32;

/** The steps of the plans that were made last, so that a job can say later what is different. Lost when the agent ends. */
export class PlannedSteps {
  readonly #plans = new Map<string, readonly PlanStep[]>();

  remember({ hash, steps }: Pick<HostPlan, 'hash' | 'steps'>): void {
    this.#plans.delete(hash);
    this.#plans.set(hash, steps);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size > MOST_PLANS && oldest !== undefined) this.#plans.delete(oldest);
  }

  /** Undefined when it was not made here, or too long ago. */
  find(hash: string | undefined): readonly PlanStep[] | undefined {
    return hash === undefined ? undefined : this.#plans.get(hash);
  }
}
