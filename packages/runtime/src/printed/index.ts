/** What both command lines print for people. */
export { enumerate } from './enumerate.ts';
export { describeEnd, describeJob } from './job.ts';
export { describePackages, describePatches } from './package-listings.ts';
export { describePlan } from './plan.ts';
export { createProgressDisplay, type ProgressScreen } from './progress.ts';
export { pastTime, relativeTime, renderFacts, renderTable, timeToCome } from './table.ts';
