/**
 * Writes a fault of known size into one function of the user's own Go, as an overlay for `go build`; their files stay
 * as they are. The editing is done by a small Go program of ours with Go's own parser, built once per {@link Planter}.
 *
 * In: a module folder and its build flags, names of functions as profiles give them, a fault per call. Out: an overlay
 * file and where the fault lies, or why a function cannot be edited. How large a fault has to be is worked out in
 * `doses.ts`; whether it is found is for others to say.
 */
export {
  type Dose,
  type DoseRequest,
  COUNTING_DOSE,
  doseFor,
  type FaultKind,
  FAULT_KINDS,
  faultKindOf,
  type CostsWithoutFault,
  SHIFT_DOSE,
} from './doses.ts';
export {
  type Candidate,
  type Planted,
  type Planter,
  type PlantRequest,
  type PlantSource,
  type PlantRefusal,
  withPlanter,
} from './planter.ts';
export { burnRoundNs } from './burn.ts';
