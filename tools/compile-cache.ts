import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// What the engine made of the sources is there for the next process, which reads the same ones.
enableCompileCache(join(import.meta.dirname, '../.cache/compiled'));
