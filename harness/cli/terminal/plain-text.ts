/** What a service answered or logged may hold terminal escapes and characters that reorder text: they are shown as `·`. */
export const terminalText = (text: string): string => text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, '·');
