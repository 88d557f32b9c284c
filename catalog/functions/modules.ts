/**
 * The modules that make up pg_catalog's functions. To add one: write the module, list it here, run generate-builtins.ts.
 */
import { boolFunctions } from './bool.ts';
import { floatFunctions } from './float.ts';
import { integerFunctions } from './integer.ts';
import type { FunctionModule } from './module.ts';

export const FUNCTION_MODULES: readonly FunctionModule[] = [boolFunctions, integerFunctions, floatFunctions];
