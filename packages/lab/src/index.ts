export { type AgentProcess, createLabHost, type LabHost } from './agent-process.ts';
export { AGENT_PROGRAM, MANAGER_PROGRAM, REPOSITORY } from './checkout.ts';
export { type ManagerProcess, startManagerProcess } from './manager-process.ts';
export { runProgram } from './process.ts';
