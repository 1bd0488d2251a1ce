import { ListFilter, X } from 'lucide-react';
import { useRef, useState } from 'react';
import { cx } from './cx.ts';
import { IconButton } from './button.tsx';
import styles from './qualifier-filter.module.css';
import { suggestionsFor, type Suggestion } from './query-suggest.ts';
import { parseQuery, type Qualifier } from './query.ts';

interface QualifierFilterProps {
  readonly value: string;
  readonly onChange: (text: string) => void;
  /** What is filtered, for screen readers: "Filter entities". */
  readonly label: string;
  /** Values from the world to offer: tags, hosts, systems. Asked only while suggestions show. */
  readonly known?: () => Partial<Record<Qualifier, readonly string[]>>;
  /** Of the input, for what wants to focus it. */
  readonly inputId: string;
}

/** A filter in words and qualifiers, with suggestions for what may come next and a plain word on what is not understood. */
export function QualifierFilter({ value, onChange, label, known, inputId }: QualifierFilterProps) {
  const ref = useRef<HTMLInputElement>(null);
  const id = inputId;
  const [focused, setFocused] = useState(false);
  const [active, setActive] = useState(-1);
  const { problems } = parseQuery(value);
  const suggestions = focused ? suggestionsFor(value, known?.() ?? {}) : [];
  const current = suggestions[active];

  const take = (suggestion: Suggestion) => {
    onChange(suggestion.text);
    setActive(-1);
    ref.current?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      if (value === '') ref.current?.blur();
      else onChange('');
    } else if (suggestions.length === 0) return;
    else if (event.key === 'ArrowDown') setActive((active + 1) % suggestions.length);
    else if (event.key === 'ArrowUp') setActive(active <= 0 ? suggestions.length - 1 : active - 1);
    else if ((event.key === 'Enter' || event.key === 'Tab') && current) take(current);
    else return;
    event.preventDefault();
  };

  return (
    <div className={styles.filter}>
      <div
        className={cx(styles.field, problems.length > 0 && styles.wrong)}
        title={problems.length > 0 ? problems.join('\n') : undefined}
      >
        <ListFilter size={14} aria-hidden />
        <input
          ref={ref}
          id={id}
          className={styles.input}
          role="combobox"
          aria-label={label}
          aria-expanded={suggestions.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          {...(current ? { 'aria-activedescendant': `${id}-${active}` } : {})}
          {...(problems.length > 0 ? { 'aria-invalid': true, 'aria-describedby': `${id}-problem` } : {})}
          value={value}
          placeholder="type: node: health: tag: age:"
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => {
            onChange(event.target.value);
            setActive(-1);
          }}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
          onKeyDown={onKeyDown}
        />
        {value === '' ? null : <IconButton icon={X} label="Clear the filter" onClick={() => onChange('')} />}
      </div>
      {problems.length > 0 ? (
        <p id={`${id}-problem`} className={styles.problem} hidden={!focused}>
          {problems.join(' · ')}
        </p>
      ) : null}
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label="Suggestions"
        className={styles.list}
        hidden={suggestions.length === 0 || problems.length > 0}
      >
        {suggestions.map((suggestion, index) => (
          <li
            key={suggestion.text}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            className={styles.option}
            // Before the input loses the focus, which would close the list under the pointer.
            onMouseDown={(event) => {
              event.preventDefault();
              take(suggestion);
            }}
          >
            <code>{suggestion.label}</code>
            <span>{suggestion.hint}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
