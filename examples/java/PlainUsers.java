import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The same without JUnit: java -cp postgresql.jar:. PlainUsers, with JDBC_URL set. */
public final class PlainUsers {
  public static void main(String[] args) throws SQLException {
    try (HotrowFork db = new HotrowFork(System.getenv("JDBC_URL"))) {
      for (int time = 1; time <= 2; time++) {
        try (Connection connection = db.connect();
            Statement statement = connection.createStatement()) {
          statement.execute("ALTER TABLE users ADD name text");
          try (ResultSet rows =
              statement.executeQuery("INSERT INTO users (email) VALUES ('new@example.org') RETURNING id, name")) {
            rows.next();
            System.out.println("test " + time + ": user " + rows.getInt(1));
          }
        }
        db.reset();
      }
    }
  }
}
