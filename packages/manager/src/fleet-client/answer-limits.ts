import { AGENT_ROUTES, type JsonLimits, type Route } from '@linux-patch/contract';

/** What an agent may answer. Whoever enrolled one host can answer anything, so this is what honest hosts need. */
export interface AnswerLimits extends JsonLimits {
  readonly bytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const DEPTH = 8;

/** Health, acknowledgements, what became of something: a few hundred bytes. */
const SMALL: AnswerLimits = { bytes: 64 * KIB, values: 2_000, depth: DEPTH };
/** Room for 20,000 packages, more than any distribution's full install, or for as many jobs. */
const LISTING: AnswerLimits = { bytes: 16 * MIB, values: 500_000, depth: DEPTH };

/** By route id; the others are small. A job has three times the newest 256 KiB of output, escaped, and its log. */
const LIMITS: Readonly<Record<string, AnswerLimits>> = {
  [AGENT_ROUTES.listPackages.id]: LISTING,
  [AGENT_ROUTES.listPatches.id]: LISTING,
  [AGENT_ROUTES.listJobs.id]: LISTING,
  [AGENT_ROUTES.planPackages.id]: LISTING,
  [AGENT_ROUTES.planPatches.id]: LISTING,
  [AGENT_ROUTES.getPackage.id]: LISTING,
  // As many services and processes as the contract lets it name.
  [AGENT_ROUTES.listServices.id]: { bytes: 8 * MIB, values: 50_000, depth: DEPTH },
  [AGENT_ROUTES.serviceState.id]: { bytes: 1 * MIB, values: 2_000, depth: DEPTH },
  [AGENT_ROUTES.getJob.id]: { bytes: 8 * MIB, values: 100_000, depth: DEPTH },
  [AGENT_ROUTES.applyPatches.id]: { bytes: 2 * MIB, values: 10_000, depth: DEPTH },
};

export function answerLimits(route: Pick<Route, 'id'>): AnswerLimits {
  return LIMITS[route.id] ?? SMALL;
}
