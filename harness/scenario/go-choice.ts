/** Which Go builds a side, as people write it. */

export const GO_CHOICE_EXPECTED =
  'a Go release such as 1.27.3 (all three numbers), or the path of an unpacked Go such as /usr/local/go or ./sdk/go1.28';

/** A release as GOTOOLCHAIN names it, or a path as it is; undefined: neither. From 1.21 on releases have three numbers. */
export const parseGoChoice = (text: string): string | undefined => {
  const release = /^(?:go)?(1\.\d+(?:\.\d+|rc\d+|beta\d+))$/.exec(text)?.[1];
  if (release !== undefined) return `go${release}`;
  return text.includes('/') ? text : undefined;
};
