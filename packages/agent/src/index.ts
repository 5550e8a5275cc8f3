export { createAgentProgram } from './cli/program.ts';
export { AgentConfigSchema } from './config/schema.ts';
