import { z } from 'zod';
import { DoctorReport } from './doctor.ts';
import { AgentStatus } from './status.ts';

/** JSON Schemas of what the agent's commands print with `--json`, by command. */
export function agentOutputSchemas(): Readonly<Record<'status' | 'doctor', unknown>> {
  return { status: z.toJSONSchema(AgentStatus), doctor: z.toJSONSchema(DoctorReport) };
}
