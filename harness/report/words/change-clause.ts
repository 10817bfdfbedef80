/** What the pull request has to do with a function that the sentence names. */
import type { FunctionComparison } from '../../model/index.ts';
import { NEAR_WORDS } from './labels.ts';
import { code, type InlineText } from '../text/inline-text.ts';

/** `, changed in this pull request`; `, called from changed code in `main.list``; empty where nothing is known. */
export const changeClause = ({ changedInDiff, kind, nearChange, caller }: FunctionComparison): InlineText => {
  if (changedInDiff) return [`, ${kind === 'new' ? 'new' : 'changed'} in this pull request`];
  if (nearChange === 'calls') return [`, ${NEAR_WORDS.calls}`];
  const near = nearChange === undefined ? '' : `, ${NEAR_WORDS[nearChange]}`;
  if (caller === undefined) return [near];
  return near === '' ? [', called by ', code(caller)] : [`${near} in `, code(caller)];
};
