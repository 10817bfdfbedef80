package zzgodyno

import "strconv"

// object builds the members of a JSON object by appending; the caller writes what stands around them. encoding/json
// would do, but every package the agent imports is linked into the service and initialised before it.
type object struct {
	bytes []byte
}

// name starts a member, with a comma unless it is the first one of a nested object.
func (o *object) name(name string) *object {
	if last := len(o.bytes) - 1; last < 0 || o.bytes[last] != '{' {
		o.bytes = append(o.bytes, ',')
	}
	o.bytes = append(appendString(o.bytes, name), ':')
	return o
}

// open starts a nested object, which close ends.
func (o *object) open(name string) *object {
	o.bytes = append(o.name(name).bytes, '{')
	return o
}

func (o *object) close() *object {
	o.bytes = append(o.bytes, '}')
	return o
}

func (o *object) number(name string, value int64) *object {
	o.name(name)
	o.bytes = strconv.AppendInt(o.bytes, value, 10)
	return o
}

func (o *object) count(name string, value uint64) *object {
	o.name(name)
	o.bytes = strconv.AppendUint(o.bytes, value, 10)
	return o
}

func (o *object) text(name, value string) *object {
	o.name(name)
	o.bytes = appendString(o.bytes, value)
	return o
}

func (o *object) texts(name string, values []string) *object {
	o.name(name)
	o.bytes = append(o.bytes, '[')
	for index, value := range values {
		if index > 0 {
			o.bytes = append(o.bytes, ',')
		}
		o.bytes = appendString(o.bytes, value)
	}
	o.bytes = append(o.bytes, ']')
	return o
}

// appendString quotes for JSON. Bytes that are not UTF-8 become U+FFFD.
func appendString(out []byte, value string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r < 0x20:
			out = append(out, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			out = append(out, string(r)...)
		}
	}
	return append(out, '"')
}
