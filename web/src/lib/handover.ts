// What one page hands to the next. Not in the address: keys are often personal data, and addresses are kept in histories.
import type { InvalidationTarget } from '../api/schema';
import { createStore } from './store';

export const keyToInspect = createStore<string>('');
export const toInvalidate = createStore<InvalidationTarget | undefined>(undefined);
