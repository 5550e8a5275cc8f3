export { createAgentProgram } from './cli/program.ts';
export { AgentConfigSchema } from './config/schema.ts';
export { DOCTOR_CHECKS } from './doctor/table.ts';
