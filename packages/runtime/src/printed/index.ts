/** What both command lines print for people. */
export { enumerate } from './enumerate.ts';
export { describeJob, describeResults } from './job.ts';
export { describePackages, describePatches } from './package-listings.ts';
export { describePlan } from './plan.ts';
export { pastTime, relativeTime, renderFacts, renderTable, timeToCome } from './table.ts';
