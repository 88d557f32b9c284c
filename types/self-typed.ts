/**
 * Values that know their own type: ranges, multiranges and geometric ones. What has to write a value without being told its
 * type (temporary files) asks the value.
 */
export abstract class SelfTyped {
  abstract get typeOid(): number;
  /** About how much memory it holds beside the object itself. */
  abstract get heldBytes(): number;
}
