// Text of a request as it may be shown, in the type of code: secrets stand in it as ‹secret name/key›, in amber.
const SECRET = /(‹secret [^‹›]*›)/;

export function Shown({ text }: { readonly text: string }) {
  return (
    <span class="shown">
      {text.split(SECRET).map((part, place) => (place % 2 === 1 ? <mark key={place} class="secret">{part}</mark> : part))}
    </span>
  );
}

/** A method: POST, PUT, DELETE. */
export function Method({ name }: { readonly name: string }) {
  return <span class="method">{name}</span>;
}
