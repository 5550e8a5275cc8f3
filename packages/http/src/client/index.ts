export { askOver } from './ask-over.ts';
export { readBounded } from './read-bounded.ts';
export { routeTarget } from './route-target.ts';
