export { type ParsedMetric, parseExposition } from './parse-exposition.ts';
