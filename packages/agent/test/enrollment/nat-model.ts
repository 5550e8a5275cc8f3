import { seededRandom } from '@linux-patch/runtime/testing';
import {
  afterAnswer,
  afterThrottle,
  type PollPace,
  startPace,
  waitTimeMs,
} from '../../src/enrollment/poll-pace.ts';

/** An older manager keeps an approval this long, for one read. */
const BUNDLE_TTL_S = 600;
const REFILL_S = 12;
const BURST = 3;

/** The limiter of the older manager: one request in twelve seconds per address, three at once, refusals for free. */
class Limiter {
  #tokens = BURST;
  #atS = 0;

  /** Undefined when the request passes, else the seconds of `Retry-After`, rounded down as that manager does. */
  refuse(nowS: number): number | undefined {
    this.#tokens = Math.min(BURST, this.#tokens + (nowS - this.#atS) / REFILL_S);
    this.#atS = nowS;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return undefined;
    }
    return Math.floor((1 - this.#tokens) * REFILL_S);
  }
}

interface Agent {
  readonly number: number;
  pace: PollPace;
  throttles: number;
  losses: number;
  registered: boolean;
  /** When the administrator approves; for ever when nobody does. */
  approvedAtS: number;
  lastAnswerS: number;
}

/** What became of hosts that wait behind one address. */
export interface NatResult {
  /** Times of answered polls, per agent, seconds. */
  readonly answeredS: number[][];
  /** When each agent fetched its approval; empty without approvals. */
  readonly joinedAtS: Map<number, number>;
  readonly longestGapS: number;
  readonly approvalsLost: number;
  readonly sharedThrottled: number;
  /** Agents that said at some time that too many hosts ask from their address. */
  readonly saidCrowded: ReadonlySet<number>;
}

interface Model {
  readonly agents: number;
  readonly hours: number;
  readonly seed: number;
  /** Seconds until an administrator approves a request, anew after each registration. Nobody approves without it. */
  readonly approvesAfterS?: (draw: number) => number;
}

/** Plays agents with the agent's own policy against the limiter, second by second of a model clock. */
export function playNat({ agents: count, hours, seed, approvesAfterS }: Model): NatResult {
  const random = seededRandom(seed);
  const limiter = new Limiter();
  const answeredS: number[][] = Array.from({ length: count }, () => []);
  const joinedAtS = new Map<number, number>();
  const saidCrowded = new Set<number>();
  let [longestGapS, approvalsLost, throttled, requests] = [0, 0, 0, 0];
  const agents: Agent[] = Array.from({ length: count }, (_, number) => ({
    number,
    pace: startPace(60_000, 0),
    throttles: 0,
    losses: 0,
    registered: false,
    approvedAtS: Number.POSITIVE_INFINITY,
    lastAnswerS: 0,
  }));
  const queue = agents.map((agent) => ({ agent, atS: random.fraction() * 60 }));

  /** One request of an agent; seconds until its next, undefined when it has joined. */
  const ask = (agent: Agent, nowS: number): number | undefined => {
    requests += 1;
    const draw = random.fraction();
    const retryAfterS = limiter.refuse(nowS);
    if (retryAfterS !== undefined) {
      throttled += 1;
      agent.pace = afterThrottle(agent.pace);
      if (agent.pace.crowded) saidCrowded.add(agent.number);
      const reason = {
        kind: 'throttled',
        failures: agent.throttles,
        retryAfterMs: retryAfterS * 1000,
      } as const;
      agent.throttles += 1;
      return waitTimeMs(reason, draw) / 1000;
    }
    agent.throttles = 0;
    longestGapS = Math.max(longestGapS, nowS - agent.lastAnswerS);
    agent.lastAnswerS = nowS;
    if (!agent.registered) {
      agent.registered = true;
      agent.approvedAtS = approvesAfterS
        ? nowS + approvesAfterS(random.fraction())
        : Number.POSITIVE_INFINITY;
      return waitTimeMs({ kind: 'pending', pace: agent.pace }, draw) / 1000;
    }
    answeredS[agent.number]?.push(nowS);
    if (nowS >= agent.approvedAtS && nowS <= agent.approvedAtS + BUNDLE_TTL_S) {
      joinedAtS.set(agent.number, nowS);
      return undefined;
    }
    if (nowS > agent.approvedAtS + BUNDLE_TTL_S) {
      approvalsLost += 1;
      agent.registered = false;
      const reason = { kind: 'refused', failures: agent.losses } as const;
      agent.losses += 1;
      return waitTimeMs(reason, draw) / 1000;
    }
    agent.pace = afterAnswer(agent.pace, nowS * 1000);
    return waitTimeMs({ kind: 'pending', pace: agent.pace }, draw) / 1000;
  };

  const endS = hours * 3_600;
  for (;;) {
    const next = queue.reduce((first, one) => (one.atS < first.atS ? one : first));
    if (next.atS > endS) break;
    next.atS += ask(next.agent, next.atS) ?? Number.POSITIVE_INFINITY;
  }
  return {
    answeredS,
    joinedAtS,
    longestGapS,
    approvalsLost,
    sharedThrottled: throttled / requests,
    saidCrowded,
  };
}

/** Share of random approvals whose host did not ask while they were kept; `fromS` leaves the beginning out. */
export function lostShare(
  result: NatResult,
  options: { readonly approvals: number; readonly fromS: number; readonly seed: number },
): number {
  const random = seededRandom(options.seed);
  const last = Math.min(...result.answeredS.map((times) => times.at(-1) ?? 0));
  let lost = 0;
  for (let index = 0; index < options.approvals; index += 1) {
    const times = result.answeredS[Math.floor(random.fraction() * result.answeredS.length)] ?? [];
    const atS = options.fromS + random.fraction() * (last - options.fromS);
    if (!times.some((time) => time >= atS && time <= atS + BUNDLE_TTL_S)) lost += 1;
  }
  return lost / options.approvals;
}
