//! TLS before a server that speaks none.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::house_ca::HouseCa;

/// Where it is spoken.
pub async fn before(server: SocketAddr, house: &HouseCa) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = house.acceptor();
    tokio::spawn(async move {
        loop {
            let Ok((client, _)) = listener.accept().await else { continue };
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                client.set_nodelay(true).ok();
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let Ok(mut server) = TcpStream::connect(server).await else { return };
                server.set_nodelay(true).ok();
                copy_bidirectional(&mut client, &mut server).await.ok();
            });
        }
    });
    address
}
