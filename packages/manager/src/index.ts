export { createManagerProgram } from './cli/program.ts';
export { ManagerConfigSchema } from './config/schema.ts';
export { MANAGER_CHECKS } from './doctor/table.ts';
