export { describeSchema, type KeyDescription } from './describe.ts';
export { addToYamlList, setYamlValue } from './edit.ts';
export { type ConfigurationFault, configurationError, fileFault } from './faults.ts';
export {
  type ConfigurationFallback,
  type ConfigurationOptions,
  type ConfigurationRule,
  parseConfiguration,
} from './parse.ts';
export { type ReadConfiguration, readConfiguration, readConfigurationText } from './read.ts';
export { rewriteConfiguration } from './rewrite.ts';
export { didYouMean } from './suggestion.ts';
