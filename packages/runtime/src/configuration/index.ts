export { describeSchema, type KeyDescription } from './describe.ts';
export { type ConfigurationFault, configurationError, fileFault } from './faults.ts';
export {
  type ConfigurationFallback,
  type ConfigurationOptions,
  type ConfigurationRule,
  parseConfiguration,
} from './parse.ts';
export { type ReadConfiguration, readConfiguration, readConfigurationText } from './read.ts';
export { didYouMean } from './suggestion.ts';
