/**
 * Durations, sizes, rates and percentages: read from text as people write them, and written for people to read, alone or
 * in columns.
 *
 * In: text, or numbers in base units (seconds, bytes, per second, ratios). Out: numbers in base units (`undefined` when
 * the text is not one), or short text. Nothing here knows a locale: a point is the decimal mark, `,` groups thousands,
 * the minus is ASCII `-`, and zero never wears a sign.
 */
export { alignColumns, type TextColumns } from './columns.ts';
export { parseDurationSeconds, parsePercentRatio, parseRatePerSecond, parseSizeBytes } from './parse.ts';
export { formatNumberOf } from './plural.ts';
export { formatPercent, formatPercentRange, formatSignedPercent, isOnlyNoise, TOO_NOISY } from './percent.ts';
export { formatCount, formatDuration, formatQuantity, formatSignedQuantity } from './quantity.ts';
