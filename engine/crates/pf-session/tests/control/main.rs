//! The control stream against a client of our own: `rusty_enet` as Moonlight uses ENet, our envelopes in it.

mod client;
mod connecting;
mod cost;
mod ends;
mod hostile;
mod media;
mod messages;
mod relay;
mod rig;
mod sealed_video;
