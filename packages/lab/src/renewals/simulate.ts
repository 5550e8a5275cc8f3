import {
  chooseRenewalWindow,
  isRenewalDue,
  nextAttemptAt,
  type RenewalPolicy,
  renewalHour,
  renewalPoint,
} from '@linux-patch/pki';
import { seededRandom } from '@linux-patch/runtime/testing';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const YEAR_MS = 365 * DAY_MS;
const MINUTE_MS = 60_000;
const THRESHOLD_DAYS = 7;
/** The manager backdates certificates. */
const BACKDATE_MS = 5 * MINUTE_MS;

/** A fleet to simulate. Time begins at 0, when all its certificates are issued within a minute. */
export interface Scenario {
  readonly seed: number;
  readonly agents: number;
  readonly years: number;
  readonly lifetimeMs: number;
  /** Whether the manager plans renewals; else each agent draws for itself. */
  readonly planned: boolean;
  /** Time between two restarts of an agent on average; each keeps it away for up to five minutes. */
  readonly restartEveryMs?: number;
  /** When nobody answers. */
  readonly outage?: { readonly startMs: number; readonly endMs: number };
}

export interface Outcome {
  /** Renewals in each hour. */
  readonly perHour: Uint32Array;
  readonly renewals: number;
  readonly restarts: number;
  /** Attempts that met no manager. */
  readonly failed: number;
  /** Renewals after the old certificate had expired. */
  readonly lapsed: number;
  /** Restarts after which the renewal point was another one. */
  readonly moved: number;
}

interface Agent {
  policy: RenewalPolicy;
  /** Where the policy said that the renewal is when the certificate was installed. */
  pointMs: number;
  attemptMs: number;
  restartMs: number;
}

/** Runs the real policies of agent and manager against each other, event by event. */
export function simulate(scenario: Scenario): Outcome {
  return new Fleet(scenario).run();
}

class Fleet {
  readonly #scenario: Scenario;
  readonly #random: () => number;
  readonly #endMs: number;
  readonly #planned: Uint16Array;
  /** Events by the hour in which they happen. */
  readonly #hours: Agent[][];
  readonly #perHour: Uint32Array;
  readonly #counts = { renewals: 0, restarts: 0, failed: 0, lapsed: 0, moved: 0 };

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const random = seededRandom(scenario.seed);
    this.#random = () => random.fraction();
    this.#endMs = scenario.years * YEAR_MS;
    const hours = Math.ceil(this.#endMs / HOUR_MS);
    this.#planned = new Uint16Array(hours + Math.ceil(scenario.lifetimeMs / HOUR_MS) + 1);
    this.#hours = Array.from({ length: hours }, () => []);
    this.#perHour = new Uint32Array(hours);
  }

  run(): Outcome {
    for (let index = 0; index < this.#scenario.agents; index += 1) {
      const policy = this.#issue(this.#random() * MINUTE_MS);
      const pointMs = renewalPoint(policy);
      const agent = { policy, pointMs, attemptMs: pointMs, restartMs: this.#nextRestart(0) };
      this.#queue(agent);
    }
    for (let hour = 0; hour < this.#hours.length; hour += 1) this.#runHour(hour);
    return { perHour: this.#perHour, ...this.#counts };
  }

  #runHour(hour: number): void {
    const events = this.#hours[hour] ?? [];
    // What an event brings about may lie in the same hour; it is appended and met by this loop.
    for (let index = 0; index < events.length; index += 1) {
      const agent = events[index];
      if (!agent) continue;
      if (agent.restartMs <= agent.attemptMs) this.#restart(agent);
      else this.#attempt(agent);
      this.#queue(agent);
    }
    this.#hours[hour] = [];
  }

  #queue(agent: Agent): void {
    this.#hours[renewalHour(Math.min(agent.attemptMs, agent.restartMs))]?.push(agent);
  }

  #issue(now: number): RenewalPolicy {
    const notBeforeMs = now - BACKDATE_MS;
    const notAfterMs = now + this.#scenario.lifetimeMs;
    const policy = { notBeforeMs, notAfterMs, draw: this.#random(), thresholdDays: THRESHOLD_DAYS };
    if (!this.#scenario.planned) return policy;
    const window = chooseRenewalWindow(policy, (hour) => this.#planned[hour] ?? 0, this.#random());
    if (!window) return policy;
    const hour = renewalHour(window.startMs);
    this.#planned[hour] = (this.#planned[hour] ?? 0) + 1;
    return { ...policy, window };
  }

  #nextRestart(now: number): number {
    const { restartEveryMs } = this.#scenario;
    return restartEveryMs === undefined
      ? Number.POSITIVE_INFINITY
      : now - Math.log(1 - this.#random()) * restartEveryMs;
  }

  #restart(agent: Agent): void {
    const backMs = agent.restartMs + this.#random() * 5 * MINUTE_MS;
    this.#counts.restarts += 1;
    if (renewalPoint(agent.policy) !== agent.pointMs) this.#counts.moved += 1;
    agent.attemptMs = nextAttemptAt(agent.policy, backMs);
    agent.restartMs = this.#nextRestart(backMs);
  }

  #attempt(agent: Agent): void {
    const now = agent.attemptMs;
    if (!isRenewalDue(agent.policy, now)) throw new Error('an attempt before its time');
    const { outage } = this.#scenario;
    if (outage && now >= outage.startMs && now < outage.endMs) {
      this.#counts.failed += 1;
      agent.attemptMs = nextAttemptAt(agent.policy, now + MINUTE_MS);
      return;
    }
    const hour = renewalHour(now);
    this.#perHour[hour] = (this.#perHour[hour] ?? 0) + 1;
    this.#counts.renewals += 1;
    if (now > agent.policy.notAfterMs) this.#counts.lapsed += 1;
    agent.policy = this.#issue(now);
    agent.pointMs = renewalPoint(agent.policy);
    agent.attemptMs = agent.pointMs;
  }
}
