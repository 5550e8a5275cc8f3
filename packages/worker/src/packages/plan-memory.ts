import type { PlanStep } from '@linux-patch/contract';
import { hashOfSteps } from './steps.ts';

/** Plans that somebody may still approve. */
const MOST_PLANS = 32;

/** The plans that were made last, to say later what is different. Lost when the agent ends. */
export class PlanMemory {
  readonly #plans = new Map<string, readonly PlanStep[]>();

  /** @returns the name of the plan. */
  remember(steps: readonly PlanStep[]): string {
    const hash = hashOfSteps(steps);
    this.#plans.delete(hash);
    this.#plans.set(hash, steps);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size > MOST_PLANS && oldest !== undefined) this.#plans.delete(oldest);
    return hash;
  }

  /** Undefined when it was not made here, or too long ago. */
  find(hash: string): readonly PlanStep[] | undefined {
    return this.#plans.get(hash);
  }
}
