import { z } from 'zod';

/**
 * Imported before every schema. zod would write a schema's checks as program text and compile it at the first use; a process
 * that lives for one request uses each of them once.
 */
z.config({ jitless: true });
