import { z } from 'zod';

/**
 * Imported before every schema. zod would write a schema's checks as program text and compile it at the first use; most of
 * the agent's schemas are used once, at its start, and a root daemon has no need to compile text.
 */
z.config({ jitless: true });
