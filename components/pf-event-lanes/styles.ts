// The events lane: its height, its canvas, its readout of two lines, its table of words.
import { css } from 'lit';

export const eventStyles = css`
  .h-events {
    height: 44px;
  }
  /* No ticks: the words have that column too. */
  @container (min-width: 720px) {
    .label {
      margin-inline-end: -44px;
    }
  }
  #c-events {
    display: block;
    width: 100%;
    height: 100%;
  }
  .here {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 3;
    height: 44px;
    overflow: hidden;
    line-height: 14.6px;
    color: var(--_text2);
    overflow-wrap: anywhere;
  }
  .here b {
    display: block;
    font-weight: 600;
    color: var(--_text);
  }
  .twin th, .twin td {
    text-align: start;
    vertical-align: top;
    line-height: 18px;
    padding-block: 4px;
  }
  .twin td {
    white-space: normal;
  }
  .twin .words {
    overflow-wrap: anywhere;
  }
  .twin .btn {
    margin: 6px 16px 8px;
  }
  @container (max-width: 719px) {
    .here {
      display: block;
      height: 18px;
      line-height: 18px;
    }
    /* A part that has no room is left out as a whole. */
    .here b, .here span {
      display: inline-block;
      margin-inline-end: 8px;
      white-space: nowrap;
    }
  }
  @container (max-width: 340px) {
    .here {
      height: 36px;
    }
  }
`;
