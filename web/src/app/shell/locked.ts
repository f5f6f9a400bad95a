import { stored } from '@/shared/lib/stored';

/** Outlives a reload, and holds in every tab. */
export const locked = stored<boolean>('stratus.locked', false);
