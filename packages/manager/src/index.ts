export { createManagerProgram } from './cli/program.ts';
export { ManagerConfigSchema } from './config/schema.ts';
