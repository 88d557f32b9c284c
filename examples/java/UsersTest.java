import static org.junit.jupiter.api.Assertions.assertEquals;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.RegisterExtension;

class UsersTest {
  @RegisterExtension
  static final HotrowExtension db = new HotrowExtension(System.getenv("JDBC_URL"));

  @RepeatedTest(2)
  void addsAUser() throws SQLException {
    try (Connection connection = db.connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("INSERT INTO users (email) VALUES ('new@example.org') RETURNING id")) {
      rows.next();
      assertEquals(3, rows.getInt(1));
    }
  }
}
