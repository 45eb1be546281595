// The events lane: its height, its canvas, its readout of two lines, its table of words.
import { css } from 'lit';

export const eventStyles = css`
  .h-events {
    height: 44px;
  }
  #c-events {
    display: block;
    width: 100%;
    height: 100%;
  }
  .here {
    height: 44px;
    overflow: hidden;
    line-height: 18px;
    color: var(--_text2);
    overflow-wrap: anywhere;
  }
  .here b {
    display: block;
    font-weight: 600;
    color: var(--_text);
  }
  .here span {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 1;
    overflow: hidden;
  }
  .here b + span {
    -webkit-line-clamp: 1;
  }
  .twin th, .twin td {
    text-align: start;
    vertical-align: top;
    line-height: 18px;
    padding-block: 4px;
  }
  .twin .time {
    white-space: nowrap;
  }
  .twin .words {
    white-space: normal;
    overflow-wrap: anywhere;
  }
  .twin .btn {
    margin: 6px 16px 8px;
  }
  @container (max-width: 719px) {
    .here {
      height: 18px;
      display: flex;
      gap: 8px;
    }
    .here b {
      flex: none;
    }
  }
`;
